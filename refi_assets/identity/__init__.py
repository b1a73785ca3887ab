"""Who is who: which records are one person's, by whichever matcher the deployment has."""

PAIRS, QUEUE = "identity/matched_pairs", "identity/review_queue"
PERSONS, HISTORY = "identity/resolved_borrower", "identity/person_history"

PACKAGES = ("splink", "pandas", "phonenumbers", "nicknames")  # of the extra `identity`
