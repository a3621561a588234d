"""Cases and the ledger: people decide, and the record cannot be quietly rewritten."""
