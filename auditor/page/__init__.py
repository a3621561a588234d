"""The review page: one reviewer's view of a ledger, in a browser on their own machine.

``security`` says who may ask · ``seat`` what a reviewer has chosen to see · ``watch`` that the ledger is still the
one it was · ``views`` reads, ``acts`` records · ``words`` how things are said · ``app`` joins them.
"""
