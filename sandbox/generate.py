#!/usr/bin/env python3
"""Writes the sandbox's people, sandbox/provider_{a,b,c,d}.csv, and companies,
sandbox/companies_{a,c,d}.csv.

Everybody in them is made up. Companies live under .example, LinkedIn names
begin with "sandbox-", telephone numbers come from the ranges that Ofcom and
NANPA keep free for fiction. The only exception is the documentation's own
example, Chloe Walker. Not needed for building: the files are in the tree. The
same script always writes the same files.
"""
import os

HERE = os.path.dirname(os.path.abspath(__file__))
PEOPLE = 300
COLUMNS = ("first_name last_name company_name company_domain email work_email personal_email phone "
           "linkedin_url confidence source").split()

FIRST = """Ada Amara Anika Bela Bram Carys Casimir Dana Davor Elif Emrys Farah Fenna Gideon Greta Hamza
Hana Idris Ilse Imani Jaro Jonna Kaito Keziah Lars Leona Lorcan Mabel Marit Nadia Niko Odile Orla Pavel
Petra Quinn Rafi Rosalind Saoirse Selim Tamsin Tarik Thea Ulla Vesna Viggo Wanda Xenia Yara Zeno""".split()
LAST = """Abernathy Alderbrook Ashgrove Bellweather Birchall Blackthorne Bramblewick Brightwater Calloway
Cinderford Coppergate Dunmarrow Eastlake Elderfield Fairhollow Fenwright Foxglove Gildersleeve Goldacre
Greymoor Hartwhistle Hazelmere Holloway Inkpen Ironside Juniper Kestrel Kingsfold Larkspur Lindenhurst
Merriweather Millbrook Nettlefield Nightingale Oakhanger Oxbow Pemberwick Quillfeather Ravensworth
Redfern Rookwood Silverdale Stillwater Stonebridge Thistlewood Underhay Velling Whitlock Windermere Yarrow""".split()
KIND = "Robotics Analytics Foods Textiles Optics Logistics Health Energy Pumps Labs".split()
PLACE = "Amberly Brackwater Corrin Dunvale Eskmoor Fallowby".split()

# What each provider is like: how many people it knows, how sure it is (in
# hundredths), and how often it has each channel (in hundredths).
PROVIDERS = {
    "a": dict(knows=62, sure=(82, 98), work_email=80, personal_email=0, phone=25),
    "b": dict(knows=50, sure=(60, 95), work_email=0, personal_email=45, phone=45),
    "c": dict(knows=58, sure=(70, 96), work_email=45, personal_email=30, phone=0),
    "d": dict(knows=75, sure=(50, 90), work_email=70, personal_email=35, phone=55),
}
# The same of companies: what each provider sells, and of how many it has it.
COMPANY_COLUMNS = ("company_domain industry employee_count revenue_band founded_year hq_country hq_city tech_stack "
                   "funding_stage last_funding_date total_raised_usd confidence source").split()
COMPANY_PROVIDERS = {
    "a": dict(knows=70, sure=(80, 97), fields="industry employee_count revenue_band founded_year hq_country hq_city".split()),
    "c": dict(knows=60, sure=(70, 95), fields="tech_stack funding_stage last_funding_date total_raised_usd".split()),
    "d": dict(knows=80, sure=(50, 85), fields=COMPANY_COLUMNS[1:-2]),
}
WESTMARK = dict(company_domain="westmarkrobotics.com", industry="Robotics / Hardware", employee_count=240,
                revenue_band="$50M-$100M", founded_year=2018, hq_country="UK", hq_city="Bristol",
                tech_stack="Snowflake;Okta;Datadog", funding_stage="Series C", last_funding_date="2025-09-15",
                total_raised_usd=87000000)
TECH = "Snowflake Okta Datadog Postgres Kafka Salesforce HubSpot Segment Looker Terraform".split()
CITY = [("UK", "Bristol"), ("UK", "Leeds"), ("Ireland", "Cork"), ("Germany", "Jena"), ("US", "Austin"), ("Spain", "Bilbao")]
BAND = [(20, "$1M-$5M"), (80, "$5M-$20M"), (200, "$20M-$50M"), (1000, "$50M-$100M")]

LINKEDIN = {"a": 0, "b": 40, "c": 75, "d": 60}


class Dice:
    """A linear congruential generator: the same everywhere and always."""

    def __init__(self, seed):
        self.state = seed

    def below(self, count):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % count

    def chance(self, hundredths):
        return self.below(100) < hundredths

    def of(self, items):
        return items[self.below(len(items))]


def make_companies():
    return [(f"{place} {kind}", f"{place}{kind}.example".lower()) for place in PLACE for kind in KIND]


def fiction_phone(number):
    """A number of a reserved range, written as people write them."""
    forms = ["+44 20 7946 0{:03d}", "+44 (0)117 496 0{:03d}", "+44113496{:04d}"]
    if number % 4 < 3:
        return forms[number % 4].format(number // 4 % 1000)
    area = ("212", "312", "415", "617", "206")[number // 4 % 5]
    return f"+1 ({area}) 555-01{number // 4 % 100:02d}"


def make_person(number, companies):
    first, last = FIRST[number % len(FIRST)], LAST[(number * 7 + number // len(FIRST)) % len(LAST)]
    company, domain = companies[number % len(companies)]
    return dict(first_name=first, last_name=last, company_name=company, company_domain=domain,
                email=f"{first}.{last}@{domain}".lower(),
                personal_email=f"{first}{last}{number}@postbox.example".lower(),
                phone=fiction_phone(number), linkedin_url=f"https://linkedin.com/in/sandbox-{first}-{last}-{number}".lower())


def row_of(person, name, dice):
    """What provider `name` knows of a person; None: nothing."""
    about = PROVIDERS[name]
    if not dice.chance(about["knows"]):
        return None
    row = dict.fromkeys(COLUMNS, "")
    for column in ("first_name", "last_name", "company_name", "company_domain", "email"):
        row[column] = person[column]
    if dice.chance(about["work_email"]):
        stale = name == "d" and dice.chance(12)  # an old pattern: providers do not always agree
        initial = person["first_name"][0] + person["last_name"]
        row["work_email"] = f"{initial}@{person['company_domain']}".lower() if stale else person["email"]
    for column in ("personal_email", "phone"):
        row[column] = person[column] if dice.chance(about[column]) else ""
    # Provider A can be asked by a LinkedIn address and does not sell any.
    row["linkedin_url"] = person["linkedin_url"] if name == "a" or dice.chance(LINKEDIN[name]) else ""
    low, high = about["sure"]
    row["confidence"] = f"0.{low + dice.below(high - low + 1):02d}"
    return row


def chloe(name):
    """The documentation's example; known to A and C alone."""
    row = dict.fromkeys(COLUMNS, "")
    row.update(first_name="Chloe", last_name="Walker", company_name="Westmark Robotics",
               company_domain="westmarkrobotics.com", email="chloe.walker@westmarkrobotics.com",
               linkedin_url="https://linkedin.com/in/chloewalker")
    if name == "a":
        row.update(work_email=row["email"], confidence="0.94", source="Provider A")
    else:
        row.update(confidence="0.88", source="Provider C")
    return row


def switchboard(number, company, domain):
    row = dict.fromkeys(COLUMNS, "")
    row.update(company_name=company, company_domain=domain, phone=f"+44 20 7946 09{number:02d}", confidence="0.70")
    return row


def make_firm(company, domain, dice):
    """Everything there is to know of a made-up company."""
    people = 5 + dice.below(600)
    founded = 1990 + dice.below(33)
    stage = dice.below(4)
    country, city = dice.of(CITY)
    first = dice.below(len(TECH))
    return dict(company_domain=domain, industry=company.split()[1], employee_count=people,
                revenue_band=next(band for limit, band in BAND if people < limit), founded_year=founded,
                hq_country=country, hq_city=city,
                tech_stack=";".join(TECH[(first + i * 3) % len(TECH)] for i in range(1 + dice.below(4))),
                funding_stage=["Seed", "Series A", "Series B", "Series C"][stage],
                last_funding_date=f"{2019 + dice.below(6)}-{1 + dice.below(12):02d}-{1 + dice.below(28):02d}",
                total_raised_usd=(1 + dice.below(9)) * 500000 * 4 ** stage)


def firm_row(firm, name, confidence, source=""):
    row = dict.fromkeys(COMPANY_COLUMNS, "")
    row.update({column: str(firm[column]) for column in ["company_domain", *COMPANY_PROVIDERS[name]["fields"]]})
    row.update(confidence=f"0.{confidence:02d}", source=source)
    return row


def firm_rows(name, firms, dice):
    about = COMPANY_PROVIDERS[name]
    low, high = about["sure"]
    if name in "ac":
        yield firm_row(WESTMARK, name, 94 if name == "a" else 88, f"Provider {name.upper()}")
    for firm in firms:
        if dice.chance(about["knows"]):
            yield firm_row(firm, name, low + dice.below(high - low + 1))


def write(file, columns, rows):
    with open(os.path.join(HERE, file), "w", newline="") as out:
        out.write(",".join(columns) + "\n")
        for row in rows:
            out.write(",".join(row[column] for column in columns) + "\n")


def main():
    companies = make_companies()
    people = [make_person(number, companies) for number in range(PEOPLE)]
    for seed, name in enumerate(PROVIDERS):
        dice = Dice(seed + 1)
        rows = [chloe(name)] if name in "ac" else []
        rows += [row for row in (row_of(person, name, dice) for person in people) if row]
        if name == "d":
            rows += [switchboard(i, *pair) for i, pair in enumerate(companies)]
        write(f"provider_{name}.csv", COLUMNS, rows)
    dice = Dice(len(PROVIDERS) + 1)
    firms = [make_firm(*pair, dice) for pair in companies]
    for name in COMPANY_PROVIDERS:
        write(f"companies_{name}.csv", COMPANY_COLUMNS, firm_rows(name, firms, dice))


if __name__ == "__main__":
    main()
