"""The rules of a bank's data where SQL alone is not enough. Silver and gold are in sql/banking/."""
