"""Who is who: which records belong to one person, by the matcher of the deployment."""

PAIRS, QUEUE = "identity/matched_pairs", "identity/review_queue"
PERSONS, HISTORY = "identity/resolved_borrower", "identity/person_history"

PACKAGES = ("splink", "pandas", "phonenumbers", "nicknames")  # of the extra `identity`
