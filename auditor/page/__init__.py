"""The review page: one reviewer's view of a ledger, in a browser on their own machine.

``security`` decides which requests are answered · ``preferences`` keeps a reviewer's settings · ``ledger_session``
opens the ledger and checks that it only grew · ``views`` show, ``actions`` record · ``wording`` formats and masks text
· ``service`` holds what a running page needs, ``app`` is the ASGI application, ``server`` runs it.
"""
