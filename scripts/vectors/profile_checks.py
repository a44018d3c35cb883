"""Good signatures over what the SAML profile refuses."""

from __future__ import annotations

import sign
from accepted import signed_assertion, signed_response
from case import case
from document import (
    assertion,
    attribute_statement,
    audience_restriction,
    authn_statement,
    conditions,
    confirmation,
    confirmation_data,
    evil_assertion,
    issuer,
    name_id,
    reference,
    response,
    signature,
    signed_info,
    status,
    subject,
)
from names import (
    ACS,
    IDP,
    SP,
)

PROFILE = "profile"
XML = "parser differentials"
BOMBS = "entity bombs and DOCTYPE"
ENCRYPTED = "encrypted assertions"
URN = "urn:oasis:names:tc:SAML:2.0:"


def good(**parts) -> str:
    return response(signed_assertion(parts=parts))


def confirmed(data: str, method: str = URN + "cm:bearer") -> str:
    return good(subject_element=subject(confirmations=confirmation(method, data)))


def conditioned(inner: str | None = None, **instants) -> str:
    return good(conditions_element=conditions(inner, **instants))


# ------------------------------------------------------------ issuer

case(400, "assertion-issuer", PROFILE, "another issuer in the assertion", "saml.issuer_mismatch")(
    lambda: good(issuer_element=issuer("https://other.example"))
)
case(401, "response-issuer", PROFILE, "another issuer in the Response", "saml.issuer_mismatch")(
    lambda: response(signed_assertion(), issuer_element=issuer("https://other.example"))
)
case(402, "issuer-case", PROFILE, "the issuer in another case", "saml.issuer_mismatch")(
    lambda: good(issuer_element=issuer(IDP.upper()))
)
case(403, "issuer-space", PROFILE, "the issuer with a no-break space at its end", "saml.issuer_mismatch")(
    lambda: good(issuer_element=issuer(IDP + "\u00a0"))
)
case(404, "issuer-missing", PROFILE, "no issuer in the assertion", "saml.issuer_missing")(
    lambda: good(issuer_element="")
)
case(
    405,
    "issuer-format",
    PROFILE,
    "the issuer is said to be something else than an entity",
    "saml.issuer_format",
)(
    lambda: good(
        issuer_element=issuer(attributes=' Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"')
    )
)
case(406, "two-issuers", PROFILE, "two issuers in the assertion", "saml.unexpected_content")(
    lambda: good(issuer_element=issuer() + issuer("https://other.example"))
)
case(407, "response-signed-no-issuer", PROFILE, "a signed Response without an Issuer", "saml.issuer_missing")(
    lambda: signed_response(around={"issuer_element": ""})
)

# ------------------------------------------------------------ audience

case(410, "audience", PROFILE, "another audience", "saml.audience_mismatch")(
    lambda: conditioned(audience_restriction("https://other.example"))
)
case(411, "audience-prefix", PROFILE, "an audience that starts as ours does", "saml.audience_mismatch")(
    lambda: conditioned(audience_restriction(SP + "/x"))
)
case(412, "audience-shorter", PROFILE, "an audience that ours starts with", "saml.audience_mismatch")(
    lambda: conditioned(audience_restriction(SP[:-1]))
)
case(413, "audience-case", PROFILE, "our audience in another case", "saml.audience_mismatch")(
    lambda: conditioned(audience_restriction(SP.upper()))
)
case(
    414,
    "second-restriction",
    PROFILE,
    "two restrictions: the second is not ours, and they are ANDed",
    "saml.audience_mismatch",
)(lambda: conditioned(audience_restriction(SP) + audience_restriction("https://other.example")))
case(415, "no-audience-restriction", PROFILE, "no AudienceRestriction", "saml.audience_missing")(
    lambda: conditioned("<saml:OneTimeUse/>")
)
case(
    416,
    "empty-audience-restriction",
    PROFILE,
    "an AudienceRestriction without an Audience",
    "saml.audience_mismatch",
)(lambda: conditioned(audience_restriction()))
case(417, "no-conditions", PROFILE, "no Conditions", "saml.audience_missing")(
    lambda: good(conditions_element="")
)
case(418, "two-conditions", PROFILE, "two Conditions", "saml.unexpected_content")(
    lambda: good(conditions_element=conditions() + conditions())
)
case(419, "empty-conditions", PROFILE, "empty Conditions", "saml.audience_missing")(lambda: conditioned(""))

# ------------------------------------------------------------ conditions

case(420, "unknown-condition", PROFILE, "a condition of an unknown type", "saml.condition_unknown")(
    lambda: conditioned(
        audience_restriction(SP)
        + '<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="urn:example:x" xsi:type="x:OnlyOnMondays"/>'
    )
)
case(421, "foreign-condition", PROFILE, "a foreign element in Conditions", "saml.condition_unknown")(
    lambda: conditioned(audience_restriction(SP) + '<x:OnlyOnMondays xmlns:x="urn:example:x"/>')
)
case(422, "two-one-time-use", PROFILE, "OneTimeUse twice", "saml.condition_repeated")(
    lambda: conditioned(audience_restriction(SP) + "<saml:OneTimeUse/>" * 2)
)
case(
    423, "expired", PROFILE, "NotOnOrAfter plus the skew is now", "saml.expired", now="2026-11-24T12:06:00Z"
)(lambda: conditioned())
case(
    424,
    "not-yet",
    PROFILE,
    "NotBefore is a second further away than the skew",
    "saml.not_yet_valid",
    now="2026-11-24T11:57:59Z",
)(lambda: response(signed_assertion(parts={"issued": "2026-11-24T11:57:59Z"}), issued="2026-11-24T11:57:59Z"))
case(
    425,
    "confirmation-expired",
    PROFILE,
    "the confirmation's NotOnOrAfter is over, the assertion's is not",
    "saml.confirmation_expired",
    now="2026-11-24T12:06:00Z",
)(lambda: conditioned(not_on_or_after="2026-11-24T13:00:00Z"))
case(
    426,
    "conditions-expired",
    PROFILE,
    "the assertion's NotOnOrAfter is over, the confirmation's is not",
    "saml.expired",
    now="2026-11-24T12:06:00Z",
)(
    lambda: good(
        subject_element=subject(
            confirmations=confirmation(data=confirmation_data(not_on_or_after="2026-11-24T13:00:00Z"))
        )
    )
)
case(427, "session-over", PROFILE, "SessionNotOnOrAfter is over", "saml.session_expired")(
    lambda: good(
        statements=authn_statement(' SessionNotOnOrAfter="2026-11-24T11:58:59Z"') + attribute_statement()
    )
)
case(
    428,
    "issued-in-the-future",
    PROFILE,
    "IssueInstant is an hour ahead and the conditions hold: the profile bounds only those",
)(lambda: good(issued="2026-11-24T13:00:00Z"))
case(429, "window-empty", PROFILE, "NotBefore is not before NotOnOrAfter", "saml.window_empty")(
    lambda: conditioned(not_before="2026-11-24T12:00:30Z", not_on_or_after="2026-11-24T12:00:30Z")
)
for number, name, instant in [
    (430, "time-local", "2026-11-24T12:05:00"),
    (431, "time-no-date", "12:05:00Z"),
    (432, "time-month-13", "2026-13-24T12:05:00Z"),
    (433, "time-february-30", "2027-02-30T12:05:00Z"),
    (434, "time-empty", ""),
    (435, "time-words", "never"),
    (436, "time-huge-year", "99999999999-01-01T00:00:00Z"),
    (437, "time-arabic-digits", "\u0662\u0660\u0662\u0667-01-01T00:00:00Z"),
]:
    case(number, name, PROFILE, f"NotOnOrAfter is {instant!r}", "saml.attribute_invalid")(
        lambda instant=instant: conditioned(not_on_or_after=instant)
    )

# ------------------------------------------------------------ confirmation

case(440, "recipient", PROFILE, "another recipient", "saml.recipient_mismatch")(
    lambda: confirmed(confirmation_data("https://other.example/acs"))
)
case(441, "recipient-prefix", PROFILE, "a recipient that starts as ours does", "saml.recipient_mismatch")(
    lambda: confirmed(confirmation_data(ACS + "/x"))
)
case(442, "recipient-missing", PROFILE, "no recipient", "saml.confirmation_invalid")(
    lambda: confirmed(confirmation_data(None))
)
case(443, "recipient-case", PROFILE, "our recipient in another case", "saml.recipient_mismatch")(
    lambda: confirmed(confirmation_data(ACS.upper()))
)
case(
    444,
    "confirmation-in-response-to",
    PROFILE,
    "the confirmation answers another request",
    "saml.in_response_to_mismatch",
)(lambda: confirmed(confirmation_data(in_response_to="_other")))
case(
    445,
    "confirmation-no-in-response-to",
    PROFILE,
    "the confirmation answers no request, the Response ours",
    "saml.in_response_to_missing",
)(lambda: confirmed(confirmation_data(in_response_to=None)))
case(
    446,
    "confirmation-no-not-on-or-after",
    PROFILE,
    "the confirmation has no NotOnOrAfter",
    "saml.confirmation_invalid",
)(lambda: confirmed(confirmation_data(not_on_or_after=None)))
case(
    447,
    "confirmation-not-before",
    PROFILE,
    "the bearer confirmation has NotBefore, which the profile forbids",
    "saml.confirmation_invalid",
)(lambda: confirmed(confirmation_data(extra=' NotBefore="2026-11-24T11:00:00Z"')))
case(448, "holder-of-key", PROFILE, "only a holder-of-key confirmation", "saml.confirmation_missing")(
    lambda: confirmed(confirmation_data(), URN + "cm:holder-of-key")
)
case(449, "sender-vouches", PROFILE, "only a sender-vouches confirmation", "saml.confirmation_missing")(
    lambda: confirmed(confirmation_data(), URN + "cm:sender-vouches")
)
case(450, "no-confirmation", PROFILE, "no confirmation", "saml.confirmation_missing")(
    lambda: good(subject_element=subject(confirmations=""))
)
case(451, "no-confirmation-data", PROFILE, "a bearer confirmation without data", "saml.confirmation_invalid")(
    lambda: good(
        subject_element=subject(confirmations=f'<saml:SubjectConfirmation Method="{URN}cm:bearer"/>')
    )
)
case(452, "no-subject", PROFILE, "no Subject", "saml.subject_missing")(lambda: good(subject_element=""))
case(453, "two-subjects", PROFILE, "two Subjects", "saml.unexpected_content")(
    lambda: good(subject_element=subject() + subject(name_id("u-admin")))
)
case(454, "two-name-ids", PROFILE, "two NameIDs", "saml.name_id")(
    lambda: good(subject_element=subject(name_id() + name_id("u-admin")))
)
case(
    455,
    "bearer-with-space",
    PROFILE,
    "the bearer method with a space at its end",
    "saml.confirmation_missing",
)(lambda: confirmed(confirmation_data(), URN + "cm:bearer "))
case(456, "base-id", PROFILE, "a BaseID of an unknown type", "saml.name_id")(
    lambda: good(
        subject_element=subject(
            '<saml:BaseID xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="urn:example:x" xsi:type="x:Id"/>'
        )
    )
)
case(457, "empty-name-id", PROFILE, "an empty NameID", "saml.name_id")(
    lambda: good(subject_element=subject(name_id("")))
)

# ------------------------------------------------------------ Response

case(460, "destination", PROFILE, "another destination", "saml.destination_mismatch")(
    lambda: response(signed_assertion(), destination="https://other.example/acs")
)
case(
    461, "destination-prefix", PROFILE, "a destination that starts as ours does", "saml.destination_mismatch"
)(lambda: response(signed_assertion(), destination=ACS + "/x"))
case(462, "destination-shorter", PROFILE, "a destination that ours starts with", "saml.destination_mismatch")(
    lambda: response(signed_assertion(), destination="https://sp.example/")
)
case(463, "destination-empty", PROFILE, "an empty destination", "saml.destination_mismatch")(
    lambda: response(signed_assertion(), destination="")
)
case(
    464,
    "signed-response-no-destination",
    PROFILE,
    "a signed Response without a destination (Bindings 3.5.5.2)",
    "saml.destination_missing",
)(lambda: signed_response(around={"destination": None}))
case(465, "in-response-to", PROFILE, "the Response answers another request", "saml.in_response_to_mismatch")(
    lambda: response(signed_assertion(), in_response_to="_other")
)
case(
    466,
    "no-in-response-to",
    PROFILE,
    "the Response answers no request, the assertion ours",
    "saml.in_response_to_missing",
)(lambda: response(signed_assertion(), in_response_to=None))
case(
    467,
    "unsolicited-refused",
    PROFILE,
    "an unsolicited Response, not allowed",
    "saml.unsolicited_refused",
    request_id=None,
)(
    lambda: response(
        signed_assertion(
            parts={
                "subject_element": subject(
                    confirmations=confirmation(data=confirmation_data(in_response_to=None))
                )
            }
        ),
        in_response_to=None,
    )
)
case(
    468,
    "unsolicited-with-in-response-to",
    PROFILE,
    "an answer to a request where an unsolicited Response is due",
    "saml.in_response_to_unexpected",
    request_id=None,
    sp={"allow_unsolicited": True},
)(lambda: response(signed_assertion()))
case(469, "status-requester", PROFILE, "status Requester", "saml.status")(
    lambda: response(status_element=status(URN + "status:Requester"))
)
case(470, "status-authn-failed", PROFILE, "status Responder, AuthnFailed", "saml.status")(
    lambda: response(status_element=status(URN + "status:Responder", URN + "status:AuthnFailed"))
)
case(471, "status-no-passive", PROFILE, "a signed status Responder, NoPassive", "saml.status")(
    lambda: signed_response(
        content="", around={"status_element": status(URN + "status:Responder", URN + "status:NoPassive")}
    )
)
case(472, "status-error-with-assertion", PROFILE, "an error status beside a good assertion", "saml.status")(
    lambda: response(signed_assertion(), status_element=status(URN + "status:Responder"))
)
case(473, "status-missing", PROFILE, "no Status", "saml.unexpected_content")(
    lambda: response(signed_assertion(), status_element="")
)
case(474, "status-twice", PROFILE, "two Status elements", "saml.unexpected_content")(
    lambda: response(signed_assertion(), status_element=status() + status(URN + "status:Responder"))
)
case(475, "status-success-nested", PROFILE, "Success only as the second-level code", "saml.status")(
    lambda: response(
        signed_assertion(), status_element=status(URN + "status:Responder", URN + "status:Success")
    )
)
case(476, "response-version", PROFILE, "Version 2.1 of the Response", "saml.version")(
    lambda: response(signed_assertion(), version=' Version="2.1"')
)
case(477, "assertion-version", PROFILE, "Version 1.1 of the assertion", "saml.version")(
    lambda: good(version=' Version="1.1"')
)
case(478, "version-missing", PROFILE, "no Version of the assertion", "saml.version")(lambda: good(version=""))
case(479, "no-assertion", PROFILE, "Success without an assertion", "saml.assertion_missing")(
    lambda: response()
)
case(480, "two-signed-assertions", PROFILE, "two assertions, both signed", "saml.assertion_count")(
    lambda: response(
        signed_assertion()
        + sign.xmlsec1(evil_assertion(signature=signature(signed_info(reference("#_assertion-evil")))))
    )
)
case(481, "assertion-in-status", PROFILE, "the signed assertion in Status", "saml.assertion_missing")(
    lambda: response(status_element=status(message=signed_assertion()))
)
case(
    482, "no-authn-statement", PROFILE, "no AuthnStatement (Profiles 4.1.4.2)", "saml.authn_statement_missing"
)(lambda: good(statements=attribute_statement()))
case(483, "no-issue-instant", PROFILE, "no IssueInstant of the assertion", "saml.attribute_invalid")(
    lambda: good(issued=None)
)
case(484, "attribute-without-name", PROFILE, "an Attribute without Name", "saml.attribute_invalid")(
    lambda: good(
        statements=authn_statement()
        + attribute_statement("<saml:Attribute><saml:AttributeValue>x</saml:AttributeValue></saml:Attribute>")
    )
)
case(485, "unknown-statement", PROFILE, "a foreign element among the statements", "saml.unexpected_content")(
    lambda: good(tail='<x:Statement xmlns:x="urn:example:x"/>')
)
case(486, "response-id-missing", PROFILE, "no ID of the Response", "saml.attribute_invalid")(
    lambda: response(signed_assertion(), id=None)
)
case(
    487, "assertion-in-lower-case", PROFILE, "an element assertion in lower case", "saml.unexpected_content"
)(lambda: response(signed_assertion().replace("saml:Assertion", "saml:assertion")))
case(488, "assertion-in-other-namespace", PROFILE, "an Assertion of SAML 1.1", "saml.unexpected_content")(
    lambda: response(assertion(namespaces=' xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion"'))
)
case(
    489,
    "unknown-response-child",
    PROFILE,
    "a foreign element as a child of the Response",
    "saml.unexpected_content",
)(lambda: response(signed_assertion() + '<x:y xmlns:x="urn:example:x"/>'))
