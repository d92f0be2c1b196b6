"""E-mails, as they are sent and as Outlook saves them."""
