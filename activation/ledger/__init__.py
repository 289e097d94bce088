"""The ledger: what was sent, what became of it, and what is to be sent.

    database    opening it: SQLite or PostgreSQL, migrations, transactions
    tables      its schema
    steps       the planner's decisions, as SQL
    claims      leases: which sender has which rows, and what a platform's answer does to them
    requests    reading back what platforms decide later
    holds       destinations that were stopped, and calls that a person had taken back
    states      how every conversion stands, for the marts
    health      what is stuck, refused, or not answered
    reports     counts by state, and the history of a call
    erasing     a person's traces, out

It is apart from the warehouse file, so that a rebuild never forgets what was sent.
"""
