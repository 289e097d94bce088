"""The ledger: what was sent, what became of it, and what is to be sent.

    database    opening it: SQLite or PostgreSQL, migrations, transactions
    tables      its schema
    decisions   the planner's: what is to be done about which conversion
    steps       and the statements that do it
    claims      leases: which sender has which rows
    verdicts    what a platform's answer does to them, and to what they correct
    requests    reading back what platforms decide later
    marks       what is noted outside of it, so that an old ledger is noticed
    holds       destinations that were stopped, and calls that a person had taken back
    resolving   what a person found out about a held upload
    states      how every conversion stands, for the marts
    health      whether uploads get through
    reports     counts by state, and the history of a call
    erasing     a person's traces, out

It is apart from the warehouse file, so that a rebuild never forgets what was sent.
"""
