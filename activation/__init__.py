"""Conversions to the ad platforms: exactly once, with consent, and taken back when wrong.

    marts.upload_candidates ──► planning ──► ledger ──► sending ──► uploaders ──► the platforms
      what ought to count       what is to    what       leases,     one a         ◄── results,
      (SQL, every run)          be done now   was done   safety      platform          read back

The ledger, not the warehouse, knows what was sent: a rebuilt warehouse changes nothing that was.
"""
