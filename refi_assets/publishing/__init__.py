"""What is published under a name: commits, manifests, files, and how long they are kept."""
