"""Words by which columns give themselves away, in English and German."""

from __future__ import annotations

from credit.contract.inference.naming import words


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


_PROTECTED = word_set(
    "sex gender geschlecht male female mann frau pregnancy pregnant schwanger marital marriage married"
    " divorced widowed spouse familienstand verheiratet ledig geschieden famges race ethnicity ethnic"
    " ethnie skin hautfarbe religion religious konfession kirche faith nationality national native"
    " nationalitaet staatsangehoerigkeit staatsbuergerschaft citizenship citizen foreign foreigner auslaender"
    " gastarb gastarbeiter immigrant immigration migration herkunft origin birthplace geburtsort disability"
    " disabled handicap behinderung behindert schwerbehindert health gesundheit krankheit orientation"
    " political politics partei gewerkschaft genetic veteran welfare sozialhilfe"
)
"""Characteristics that law protects in lending (Regulation B, 12 CFR 1002.2(z); AGG section 1; GDPR article 9)."""

_AGE = word_set("age alter birth birthday birthdate birthyear dob born geburtsdatum geburtsjahr")

_THINGS = word_set(
    "account accounts car vehicle auto loan credit trade tradeline line file card house building property"
    " business company firm konto fahrzeug haus kredit oldest newest history address"
)
"""What else may have an age."""

_PLACES = word_set(
    "zip zipcode postcode postal plz postleitzahl city stadt ort town state region bundesland county district"
    " neighbourhood neighborhood street strasse latitude longitude lat lon country land province"
)

_IDENTIFIERS = word_set(
    "id ids uid uuid guid nr no number nummer index key ref reference rownum rowid aktenzeichen kundennummer"
    " ssn phone telephone telefon mobile email iban"
)
_PERSONS = word_set(
    "applicant customer cust client person member borrower party user kunde kunden kundennummer"
    " antragsteller ssn"
)
_CODES = word_set(
    "code codes kind type typ typ class category kategorie klasse status group segment sector branch industry"
    " branche beruf occupation purpose zweck verwendungszweck channel kanal product housing reason education"
    " state region zip zipcode postcode plz flag"
)
_KEYS = word_set("id ids uid uuid guid ssn aktenzeichen kundennummer")
_MEASURES = word_set(
    "number num count n anzahl total sum amount betrag balance rate ratio share percent pct days months years"
    " tage monate jahre income einkommen score"
)
_BEGINNINGS = word_set(
    "application applied observation origination originated issue issued snapshot booking decision"
    " antrag antragsdatum asof"
)

NO_ANSWER = frozenset(
    {"?", "-", "na", "n/a", "nan", "none", "null", "missing", "unknown", "unbekannt"}
)
"""Codes that stand for no answer, in lower case."""


def sounds_protected(name: str) -> bool:
    """Whether a name speaks of a characteristic that lending law protects."""
    found = set(words(name))
    return bool(found & _PROTECTED) or sounds_like_age(name)


def sounds_like_age(name: str) -> bool:
    """Whether a name speaks of a person's age; the age of an account is none."""
    return speaks_of_age(name) and not set(words(name)) & _THINGS


def speaks_of_age(name: str) -> bool:
    """Whether a name speaks of any age, be it that of a person or of a thing."""
    return bool(set(words(name)) & _AGE)


def sounds_like_place(name: str) -> bool:
    """Whether a name speaks of where somebody lives, which can stand in for protected groups."""
    return bool(set(words(name)) & _PLACES)


def sounds_like_identifier(name: str) -> bool:
    """Whether a name ends as those of references do, if every row has a value of its own."""
    found = words(name)
    saved_index = name.startswith("Unnamed:") or name == ""
    return saved_index or bool(found and (found[-1] in _IDENTIFIERS or found[0] == "index"))


def sounds_like_key(name: str) -> bool:
    """Whether numbers under this name refer to something, also where they repeat."""
    return bool(set(words(name)[-1:]) & _KEYS)


def sounds_like_person(name: str) -> bool:
    """Whether an identifier names a person and not an application."""
    return bool(set(words(name)) & _PERSONS)


def sounds_like_code(name: str) -> bool:
    """Whether numbers under this name are labels."""
    return bool(set(words(name)) & _CODES or sounds_like_key(name)) and not sounds_like_measure(
        name
    )


def sounds_like_measure(name: str) -> bool:
    """Whether a name counts or measures something, whatever else it speaks of."""
    return bool(set(words(name)) & _MEASURES)


def sounds_like_beginning(name: str) -> bool:
    """Whether a date is that of the application."""
    return bool(set(words(name)) & _BEGINNINGS)
