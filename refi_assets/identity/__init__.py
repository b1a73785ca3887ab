"""Who is who: which records are one person's, by whichever matcher the deployment has."""

PACKAGES = ("splink", "pandas", "phonenumbers", "nicknames")  # of the extra `identity`
