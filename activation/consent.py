"""The last gate before a platform: without consent nothing about a person leaves.

What is eligible is decided in SQL, days before it is sent; here it is asked again, of the row that
is about to go out, so that no error upstream sends what nobody agreed to.
"""

from activation.uploads import Operation, Upload


def consent_refusal(upload: Upload, *, sends_unknown: bool = False) -> str | None:
    """Return why this upload must not be sent, None where consent allows it.

    Google's documents: `ad_user_data` and `ad_personalization` go with every conversion; what is
    denied is not sent, nor what is unknown, unless a setting says that the law allows it. A
    retraction names no person and takes something back: it needs no consent.

    Meta's documents: limited data use is flagged where the person asked for it. The platform then
    personalises nothing, so that only the consent to the data itself is asked for; the mart sets
    the flag for no conversion action that is not marked so.
    """
    if upload.operation is Operation.RETRACT:
        return None
    said = {upload.consent_ad_user_data}
    if not upload.is_limited_data_use:
        said.add(upload.consent_ad_personalization)
    if "denied" in said:
        return "denied_consent"
    if said != {"granted"} and not (sends_unknown and said <= {"granted", "unknown"}):
        return "unknown_consent"
    return None
