"""`make bench`: our job measured beside the scripts that a user might write instead."""
