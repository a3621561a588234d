"""De-index lists: locators, sealed lists for one recipient, and look-up on the recipient's side."""
