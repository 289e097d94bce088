"""One module a platform; each knows that platform's rules and cites where it follows them."""
