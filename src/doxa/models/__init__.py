"""Who answers: a small protocol (generate, score), the engines behind it, and the ledger in front of them."""
