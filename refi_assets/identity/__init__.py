"""Who is who: which records are one person's, by whichever matcher the deployment has."""
