"""What tests stand on: a PostgreSQL server, databases from a template, a browser, a client that checks pages."""
