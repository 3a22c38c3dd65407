"""Tables that leave as files: their rows counted by hand, their HXL tags held by libhxl itself, their bytes and log."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import warnings
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from campaigns.evaluation import export, tables
from campaigns.evaluation.counting import Ask, Within, everywhere
from campaigns.evaluation.indicators import compute
from campaigns.evaluation.period import parse
from campaigns.evaluation.tables import feedback
from campaigns.evaluation.tables.table import Cell, Column, Table
from campaigns.evaluation.writers import Sheet, write_csv, write_hxl, write_json, write_xlsx
from messaging.database import Database
from messaging.errors import DataError
from messaging.models import (
    Programme,
)
from tests.campaigns.evaluation.lived import Life, at

NOW = datetime(2026, 4, 5, 12, tzinfo=UTC)
MARCH = ("2026-03-01", "2026-03-31")
SAMPLES = {  # the headers and tags of the reference, table by table; those of `placed` begin most of them
    "1_reach_by_commune": "period #date+period,groups_active #service+groups+num,households_targeted #targeted+hh,households_reached #reached+hh,people_reached #reached+ind,women_reached #reached+ind+f+adults,men_reached #reached+ind+m+adults,girls_reached #reached+ind+f+children,boys_reached #reached+ind+m+children,pregnant_reached #reached+ind+f+pregnant,lactating_reached #reached+ind+f+lactating,phones_reached #contact+phones+num,no_phone_reached_by_group #reached+ind+group_only",  # noqa: E501
    "2_messages": "date #date+occurred,campaign #activity+code,topic #subsector+name,language #meta+lang,channel #channel+code,queued #output+queued+num,stale #output+stale+num,sent #output+sent+num,delivered #output+delivered+num,proved_by_answer #output+delivered+answer+num,failed #output+failed+num,expired #output+expired+num,no_receipt #output+no_receipt+num,segments #output+segments+num,cost_xof #value+expenditure+c_xof,opted_out_after #output+optout+num",  # noqa: E501
    "3_sessions_attendance": "village #adm4+name,session_id #activity+session+id,group_code #beneficiary+group+code,group_type #activity+type,date #date+occurred,session_no #activity+session+num,topic #subsector+name,women #reached+ind+f+adults,men #reached+ind+m+adults,girls #reached+ind+f+children,boys #reached+ind+m+children,total #reached+ind+total,reported_by #contact+role,reported_on #date+reported,source #meta+source,status #status+code,repairs #meta+quality",  # noqa: E501
    "4_quiz_items": "quiz #activity+quiz+code,wave #meta+wave,question #indicator+code,language #meta+lang,asked #output+asked+num,answered #output+answered+num,correct #output+correct+num,dont_know #output+dont_know+num,pct_correct #indicator+correct+pct,pct_correct_women #indicator+correct+f+pct,pct_correct_men #indicator+correct+m+pct,unknown_sex #output+sex_unknown+num",  # noqa: E501
    "6_feedback_cfm": "case_id #meta+case+id,commune_code #adm3+code,received_week_start #date+reported+week_start,channel #channel+code,language #meta+lang,category #need+category+code,sensitivity #severity+sensitivity,sex #respondee+gender,age_band #respondee+age+type,programme_part #activity+name,acknowledged_hours #indicator+ack_hours+num,closed #status+closed+bool,days_to_close #indicator+close_days+num,loop_closed #status+loop_closed+bool,referred_to #org+referred",  # noqa: E501
    "7_radio_episodes": "station #org+radio+name,station_code #org+radio+code,adm2_code #adm2+code,programme #activity+programme+name,episode #activity+episode+num,title #activity+episode+name,language #meta+lang,planned_on #date+planned,aired_on #date+occurred,aired_at #meta+time,minutes #output+minutes+num,repeat #meta+repeat+bool,live #meta+live+bool,aired #status+aired+bool,clubs_expected #output+clubs_expected+num,clubs_reported #output+clubs_reported+num,listeners_women #reached+ind+f,listeners_men #reached+ind+m,questions_received #output+questions+num,questions_answered_on_air #output+questions_answered+num",  # noqa: E501
    "8_distributions": "distribution #activity+distribution+code,modality #modality+code,item #item+name,unit #item+unit,planned_hh #targeted+hh,notified_hh #output+notified+hh,served_hh #reached+hh,served_women_headed #reached+hh+f_headed,quantity #output+quantity+num,value_xof #value+transfer+c_xof,confirmed_by_sms #output+confirmed+num,not_received_reports #output+not_received+num",  # noqa: E501
    "9_market_prices": "market #loc+market+name,adm2_code #adm2+code,week_start #date+week_start,commodity #item+name,unit #item+unit,currency #currency+code,price_producer #value+producer+c_xof,price_retail #value+retail+c_xof,reports #output+reports+num,source #meta+source",  # noqa: E501
    "10_indicators_long": "adm3_code #adm3+code,period_start #date+start,period_end #date+end,indicator_code #indicator+code,indicator_name #indicator+name,sex #indicator+gender,numerator #indicator+numerator+num,denominator #indicator+denominator+num,value #indicator+value+num,unit #indicator+unit,target #indicator+target+num,baseline #indicator+baseline+num,source #meta+source",  # noqa: E501
}
PLACE = [
    "region #adm1+name", "region_code #adm1+code", "cercle #adm2+name", "cercle_code #adm2+code", "commune #adm3+name",
    "commune_code #adm3+code",
]  # fmt: skip
WITHOUT_PLACE = ("6_feedback_cfm", "7_radio_episodes", "9_market_prices", "10_indicators_long")


@pytest.fixture
def life(db: Database) -> Life:
    """The small programme, on each database."""
    return Life(db, at("01-05")).live()


def rows(world: Life, name: str, days: tuple[str, str] = MARCH, within: Within = everywhere) -> list[dict[str, Cell]]:
    """The rows of a table as it leaves, by the names of its columns."""
    with world.db.read() as session:
        programme = session.get_one(Programme, world.programme_id)
        ask = Ask(session, programme, parse(*days, programme.zone), NOW, within=within)
        parcel = export.parcel(ask, tables.find(["10_indicators_long" if name == "10" else name])[0], "json")
        found: list[dict[str, Cell]] = json.loads(b"".join(parcel))
    assert parcel.rows == len(found)
    return found


def only(found: Sequence[dict[str, Cell]], *names: str) -> list[tuple[Cell, ...]]:
    """Some columns of the rows."""
    return [tuple(row[name] for name in names) for row in found]


# --- what the rows say


def test_the_rows_of_every_table_as_counted_by_hand(life: Life) -> None:
    place = ("Région E", "", "Cercle E", "", "Commune E", "MLI00500207")
    for table, expected in {
        "reach_by_commune": [
            # one club, its largest session of 24; phones: two by a receipt, one by an answer, and three by the question
            {"period": "2026-03", "groups_active": 1, "households_targeted": 330, "households_reached": 0,
             "people_reached": 24, "women_reached": 15, "men_reached": 9, "girls_reached": 0, "boys_reached": 0,
             "pregnant_reached": 3, "lactating_reached": 2, "phones_reached": 6, "no_phone_reached_by_group": 1},
        ],
        "2_messages": [
            {"date": "2026-03-10", "campaign": "savoirs-essai", "topic": "hygiene", "language": "fr", "channel": "sms",
             "queued": 7, "stale": 1, "sent": 6, "delivered": 3, "proved_by_answer": 1, "failed": 1, "expired": 1,
             "no_receipt": 1, "segments": 12, "cost_xof": 240, "opted_out_after": 0},
            {"date": "2026-03-12", "queued": 6, "stale": 0, "sent": 6, "delivered": 6, "proved_by_answer": 0,
             "failed": 0, "expired": 0, "no_receipt": 0, "segments": 12, "cost_xof": 240, "opted_out_after": 0},
            {"date": "2026-03-14", "queued": 0, "sent": 0, "delivered": 0, "cost_xof": 0, "opted_out_after": 1},
        ],
        "3_sessions_attendance": [
            {"village": "(withheld)", "group_code": "1041", "group_type": "LISTENERS_CLUB", "date": "2026-03-05",
             "topic": "nutrition", "women": 12, "men": 8, "girls": 0, "boys": 0, "total": 20,
             "reported_by": "facilitator", "reported_on": "2026-03-05", "source": "sms", "status": "confirmed"},
            {"date": "2026-03-19", "women": 15, "men": 9, "total": 24, "status": "confirmed"},
            {"date": "2026-03-26", "women": None, "total": None, "reported_by": "facilitator", "status": "cancelled"},
        ],
        "8_distributions": [
            {"distribution": "D3", "modality": "in_kind", "item": "semences gombo", "unit": "kg", "planned_hh": 330,
             "notified_hh": 0, "served_hh": 301, "served_women_headed": None, "quantity": 150, "value_xof": None,
             "confirmed_by_sms": 2, "not_received_reports": 1},
        ],
    }.items():  # fmt: skip
        found = rows(life, table)
        assert [{name: row[name] for name in want} for row, want in zip(found, expected, strict=True)] == expected, (
            table
        )
        assert {tuple(row.values())[:6] for row in found} == {place}, table
    assert only(rows(life, "market_prices"), "market", "week_start", "commodity", "price_producer", "reports") == [
        ("Commune E", "2026-03-09", "mais", 126, 2),  # of 120 and 131; the replaced one is out
        ("Commune E", "2026-03-16", "mais", 140, 1),
    ]
    assert only(rows(life, "radio_episodes"), "planned_on", "aired", "clubs_expected", "aired_on") == [
        ("2026-03-10", None, 1, None)
    ]  # fmt: skip


def test_small_counts_of_persons_are_empty_cells(life: Life) -> None:
    # four right of four answers, one who does not know, one who said nothing
    names = ("question", "wave", "asked", "answered", "correct", "dont_know", "pct_correct")
    assert only(rows(life, "quiz_items"), *names) == [("q1", "pre", 6, None, None, None, None)]


def test_cases_tell_of_a_person_only_where_five_are_alike(life: Life) -> None:
    found = rows(life, "feedback_cfm")
    names = ("category", "commune_code", "received_week_start", "sex", "closed", "days_to_close", "referred_to")
    woman = ("information_request", "MLI00500207", "2026-03-09", "f", True, 1, "CSCOM")
    assert only(found, *names) == [
        *[woman] * 5,
        ("suggestion", "MLI00500207", "2026-03-09", "", False, None, ""),  # one man; a body that nobody else went to
        ("unclassified", "", "2026-03-16", "", False, None, ""),  # not screened: it may be sensitive
    ]
    assert found[5]["acknowledged_hours"] == 3
    said = json.dumps([rows(life, name) for name in tables.TABLES if name != "10_indicators_long"])
    for secret in ("secret", "Awa", "insecurity", "psea", "Village Essai", "6000100", "fraud"):
        assert secret not in said, secret


def test_sensitive_cases_leave_as_large_counts_of_whole_quarters_alone(life: Life) -> None:
    for days, expected in {
        ("2026-01-01", "2026-03-31"): [("Région E", "2026-01-01", "2026-03-31", 7)],
        ("2026-01-02", "2026-04-05"): [],  # no quarter lies in it: two files could be subtracted
        ("2026-04-01", "2026-06-30"): [],  # it is not over
    }.items():
        found = rows(life, "sensitive_counts", days)
        assert only(found, "region", "quarter_start", "quarter_end", "cases") == expected, days
    assert rows(life, "sensitive_counts", ("2026-01-01", "2026-03-31"), lambda village: village == 0) == []


def test_the_regions_of_sensitive_cases_do_not_give_back_a_small_one() -> None:
    for counts, told in (
        ({"Mopti": 7, "Gao": 3}, []),  # the whole is shown as well: 10 less 7
        ({"Mopti": 7, "Gao": 3, "Kayes": 9}, ["Kayes"]),
        ({"Mopti": 7, "Gao": 3, "": 2}, ["Mopti"]),
        ({"Mopti": 7, "Gao": 5}, ["Gao", "Mopti"]),
    ):
        found = feedback.large(Counter({(region, ""): number for region, number in counts.items()}))
        assert [region for (region, _code), _number in found] == told, counts


def test_numbers_of_cases_leave_no_gap_where_a_sensitive_one_is(life: Life) -> None:
    found = rows(life, "feedback_cfm")
    assert [row["case_id"] for row in found] == [f"C{place}" for place in range(1, len(found) + 1)]


def test_targets_and_surveys_of_all_places_are_not_for_a_bound_account(life: Life) -> None:
    whole, own = (rows(life, "10", within=within) for within in (everywhere, lambda village: village > 0))
    assert any(row["target"] or row["baseline"] for row in whole)
    assert own
    assert not any(row["target"] or row["baseline"] or row["source"] != "monitoring" for row in own)


def test_indicators_in_one_long_table_with_surveys_apart(life: Life) -> None:
    found = rows(life, "10")
    names = ("adm3_code", "sex", "numerator", "denominator", "value", "unit", "source")
    by_code = {
        code: only([row for row in found if row["indicator_code"] == code], *names) for code in ("MSG-DR", "ATT-W")
    }
    whole, area = ("", "", 9, 12, 75, "%", "monitoring"), ("MLI00500207", "", 9, 12, 75, "%", "monitoring")
    assert by_code["MSG-DR"] == [whole, area, area]  # of the programme, of its commune, of its commune in March
    assert by_code["ATT-W"][0] == ("", "", 27, 44, 61.4, "%", "monitoring")
    surveys = [row for row in found if row["indicator_code"] == "MDD-W"]
    assert only(surveys, "period_end", "sex", "value", "target", "baseline", "source") == [
        ("2025-02-01", "f", 31.2, 60, 31.2, "base"), ("2026-03-20", "f", 46.7, 60, 31.2, "household survey"),
    ]  # fmt: skip


def test_columns_are_the_indicators_they_are_called_after(life: Life) -> None:
    with life.db.read() as session:
        programme = session.get_one(Programme, life.programme_id)
        period = parse(*MARCH, programme.zone)
        figures = {one.code: one for one in compute(session, programme, period, NOW)}
    sums: dict[str, float] = {}
    for name in ("2_messages", "3_sessions_attendance", "reach_by_commune"):
        for row in rows(life, name):
            for column, cell in row.items():
                if isinstance(cell, int | float):
                    sums[f"{name[0]}.{column}"] = sums.get(f"{name[0]}.{column}", 0) + cell
    for code, above, below in (
        ("MSG-DR", "2.delivered", "2.sent"), ("MSG-ANS", "2.proved_by_answer", "2.delivered"),
        ("MSG-NR", "2.no_receipt", "2.sent"), ("MSG-STALE", "2.stale", "2.queued"),
        ("MSG-OPT", "2.opted_out_after", ""), ("CST-SEG", "2.segments", "2.sent"), ("ATT-MEAN", "3.total", ""),
        ("RCH-IND", "r.people_reached", ""), ("RCH-PH", "r.phones_reached", ""), ("RCH-HH", "r.households_reached", ""),
    ):  # fmt: skip
        assert figures[code].numerator == sums[above], code
        assert not below or figures[code].denominator == sums[below], code
    assert figures["MSG-LOST"].numerator == sums["2.failed"] + sums["2.expired"]


def test_single_messages_leave_without_phone_and_person(life: Life) -> None:
    found = rows(life, "message_rows")
    assert len(found) == 14
    assert found[0] == {
        "day": "2026-03-10", "kind": "campaign", "campaign": "savoirs-essai", "step": "mains", "commune": "Commune E",
        "commune_code": "MLI00500207", "language": "fr", "encoding": "GSM-7", "segments": 2, "price_xof": 40,
        "state": "closed", "reason": "delivered", "delivery": "delivered", "operator": "2237", "tries": 1,
    }  # fmt: skip
    assert [row["kind"] for row in found].count("reply") == 1


def test_a_bound_account_gets_its_own_places_alone(life: Life) -> None:
    for name, table in tables.TABLES.items():
        if name not in ("10_indicators_long",):
            assert rows(life, name, within=lambda village: village == 0) == [], name
        assert table.rows


# --- HXL


def test_headers_and_tags_are_those_of_the_reference() -> None:
    for name, said in SAMPLES.items():
        expected = [*(() if name in WITHOUT_PLACE else PLACE), *said.split(",")]
        assert [f"{one.name} {one.tag}" for one in tables.TABLES[name].columns] == expected, name


def is_valid_hxl(data: bytes, path: Path) -> bool:
    """What libhxl says by its own default schema."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it leaves files open
        import hxl

        path.write_bytes(data)
        return bool(hxl.validate(hxl.data(str(path), hxl.InputOptions(allow_local=True)))["is_valid"])


def test_hxlvalidate_passes_on_every_table(life: Life, tmp_path: Path) -> None:
    for demonstration, names in ((False, [*tables.TABLES]), (True, ["1_reach_by_commune", "7_radio_episodes"])):
        with life.db.write() as session:
            session.get_one(Programme, life.programme_id).demonstration = demonstration
        with life.db.read() as session:
            programme = session.get_one(Programme, life.programme_id)
            ask = Ask(session, programme, parse("2026-01-01", "2026-03-31", programme.zone), NOW)
            for table in tables.find(names):
                data = b"".join(export.parcel(ask, table, "hxl"))
                assert is_valid_hxl(data, tmp_path / "one.csv"), table.name
                lines = list(csv.reader(io.StringIO(data.decode())))
                assert len(lines) > 2, table.name
                assert all("+v_pcodes" in tag for tag in lines[1] if tag.startswith("#adm") and "+code" in tag)
                assert all((line[-1] == "DEMONSTRATION") is demonstration for line in lines[2:])


@pytest.mark.parametrize("tag,cell,passes", [
    ("#date+week_start", "2026-03-09", True), ("#date+week_start", "2026-W11", False),
    ("#date+period", "2026-03", True), ("#date+period", "2026-Q1", False), ("#date+occurred", "20:30", False),
    ("#meta+time", "20:30", True),
])  # fmt: skip
def test_the_traps_of_dates_fail_as_they_should(tag: str, cell: str, passes: bool, tmp_path: Path) -> None:
    sheet = Sheet("x", (Column("a", tag, "", ""), Column("b", "#adm3+code", "", "")), (), [(cell, "MLI00500207")])
    assert is_valid_hxl(b"".join(write_hxl(sheet)), tmp_path / "one.csv") is passes


# --- files


ODD: tuple[Cell, ...] = ("=1+1", 'a,"b"', -2, 1.5, None, True)
COLUMNS = tuple(Column(name, f"#meta+{name}", name.upper(), name) for name in "abcdef")


def test_cells_stay_what_they_are_and_become_no_formula(tmp_path: Path) -> None:
    def sheet() -> Sheet:
        return Sheet("une", COLUMNS, [("DEMONSTRATION",), ("a", "=b")], iter([ODD]))

    plain = '\'=1+1,"a,""b""",-2,1.5,,true\n'
    assert b"".join(write_csv(sheet())).decode() == "a,b,c,d,e,f\n" + plain
    assert b"".join(write_hxl(sheet())).decode().splitlines()[1] == "#meta+a,#meta+b,#meta+c,#meta+d,#meta+e,#meta+f"
    assert json.loads(b"".join(write_json(sheet()))) == [dict(zip("abcdef", ODD, strict=True))]
    assert b"".join(write_json(Sheet("une", COLUMNS, (), ()))) == b"[]\n"
    path = tmp_path / "une.xlsx"
    path.write_bytes(b"".join(write_xlsx(sheet())))
    book = openpyxl.load_workbook(path)
    assert [tuple(cell.value for cell in row) for row in book["une"].rows] == [tuple("abcdef"), ODD]
    assert book["une"]["A2"].data_type == "s"
    assert book["codebook"]["A1"].value == "DEMONSTRATION"


def test_a_file_that_breaks_off_is_never_there(life: Life, tmp_path: Path) -> None:
    def broken(_ask: Ask) -> Any:
        yield ("one",)
        raise OSError("the disk is full")

    folder = tmp_path / "files"
    with life.db.read() as session:
        programme = session.get_one(Programme, life.programme_id)
        ask = Ask(session, programme, parse(*MARCH, programme.zone), NOW)
        for form in ("csv", "hxl", "json", "xlsx"):
            one = export.parcel(ask, Table("x", "", "", "", COLUMNS[:1], broken), form)
            with pytest.raises(OSError, match="full"):
                export.save(one, folder)
            assert not one.is_whole
        assert list(folder.iterdir()) == []
        whole = export.parcel(ask, tables.TABLES["2_messages"], "csv")
        path = export.save(whole, folder)
    assert path.name == "essai_2_messages_2026-03-01_2026-03-31.csv"
    assert (whole.rows, whole.sha256) == (3, hashlib.sha256(path.read_bytes()).hexdigest())
    assert [one.name for one in folder.iterdir()] == [path.name]


@pytest.mark.parametrize("names,said", [
    (("quiz_person_pseudonymised",), "purpose"), (("11_quiz_clusters_pseudonymised",), "Évaluateurs"),
    (("2_mesages",), "2_messages"),
])  # fmt: skip
def test_a_table_that_cannot_leave_is_refused_with_the_way(names: tuple[str, ...], said: str) -> None:
    with pytest.raises(DataError, match=said):
        tables.find(names)


@pytest.mark.parametrize("why,until", [("", date(2026, 5, 1)), ("x" * 81, date(2026, 5, 1)), ("audit", None),
                                       ("audit", date(2026, 4, 4)), ("audit", date(2037, 1, 1))])  # fmt: skip
def test_no_file_leaves_without_a_reason_and_an_end(why: str, until: date | None) -> None:
    assert export.reason("rapport", date(2026, 4, 5), NOW.date(), "command").why == "rapport"
    with pytest.raises(DataError):
        export.reason(why, until, NOW.date(), "command")
