"""The doctor: what a SAML Response holds, what is wrong with it, and how to read its groups. Use ``memberof.diagnose``."""

from memberof.doctor.carrier import Candidate
from memberof.doctor.diagnosis import Diagnosis, Finding, Seen, SeenAttribute, Verification
from memberof.doctor.examine import diagnose

__all__ = ["Candidate", "Diagnosis", "Finding", "Seen", "SeenAttribute", "Verification", "diagnose"]
