"""What a reviewer does. Each ends at a page that says what was recorded, and how to undo it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from auditor.errors import UsageError
from auditor.page import views
from auditor.page.views import Go, Shown, Visit
from auditor.review import verify_ledger
from auditor.review.case_state import REVIEW_DAYS, CaseState
from auditor.review.decisions import ACTION_VERDICTS
from auditor.review.ledger import LedgerAction
from auditor.review.timestamps import add_time


class Changed(UsageError):
    """The case is not as this reviewer saw it."""


def act(visit: Visit) -> Go:
    """Do what a form of a case asks. Raises :class:`UsageError`."""
    name, case = visit.path["act"], visit.path["case"]
    if name not in ACTS:
        raise UsageError(f"{name[:40]!r}: is nothing that can be done to a case")
    return Go(f"/case/{case}?done={ACTS[name](visit, case)}")


def pass_on(visit: Visit) -> Go:
    """Leave a case to others, without a reason and without a record."""
    case = visit.path["case"]
    state = visit.ledger.state(case)
    if state.is_claimed(visit.ledger.now) and state.claimed_by == visit.me:
        visit.ledger.release(case, visit.me)
    visit.session.seat.pass_on(case)
    return Go(f"/?done=passed&passed={case}")


def take_back(visit: Visit) -> Go:
    visit.session.seat.take_back(visit.path["case"])
    return Go(f"/case/{visit.path['case']}?done=back")


def choose(visit: Visit) -> Go:
    """Keep what a reviewer has chosen for themselves."""
    apart = tuple(category for category in visit.form["apart"] if category in views.CATEGORIES)
    minutes = visit.said("break_minutes")
    if not minutes.isascii() or not minutes.isdigit() or not 5 <= int(minutes[:4]) <= 240:
        raise UsageError("a reminder comes after 5 to 240 minutes")
    visit.session.seat.change(
        lambda was: replace(
            was,
            apart=apart,
            unmask="unmask" in visit.form,
            keys="keys" in visit.form,
            break_minutes=int(minutes),
        )
    )
    return Go("/settings?done=chosen")


def rest(visit: Visit) -> Go:
    visit.desk.door.rested(visit.session)
    return Go("/?done=rested")


def verify(visit: Visit) -> Shown:
    """Prove the whole ledger, against a checkpoint that was kept elsewhere if one is given."""
    earlier = visit.said("earlier").replace("\r\n", "\n").strip("\n")
    return views.log(visit, verify_ledger.verify_ledger(visit.ledger, earlier=f"{earlier}\n" if earlier else ""))


# Acts on a case: each records one thing and names what to say of it.


def _claim(visit: Visit, case: str) -> str:
    visit.ledger.claim(case, visit.me, seen=_seen(visit))
    return "claimed"


def _release(visit: Visit, case: str) -> str:
    visit.ledger.release(case, visit.me)
    return "released"


def _opine(visit: Visit, case: str) -> str:
    """The first, second or third opinion, whichever the case waits for; a case that nobody holds is taken first."""
    ledger, me, seen = visit.ledger, visit.me, _seen(visit)
    state = ledger.state(case)
    _same(visit, state, seen)
    verdict, rules, why = visit.said("verdict"), visit.form["rule"], visit.said("why")
    if not verdict:
        raise UsageError("Choose a verdict.")
    if not why.strip():
        raise UsageError("Say why, in words: the other reviewer, the owner and an appeal will rest on them.")
    if verdict in ACTION_VERDICTS and not rules:
        raise UsageError("Say from which rules it follows.")
    if verdict not in views.verdicts(state, me):
        raise UsageError("Choose one of the verdicts that are offered.")
    if verdict == "interim":
        ledger.interim(case, me, why=why, rules=rules)
        return "interim"
    if state.phase != "new":
        after = ledger.decide(
            case, me, verdict, why=why, rules=rules, review_by=_review_by(visit), seen=seen
        )  # fmt: skip
        return "disputed" if after.phase == "disputed" else "decided"
    if state.is_claimed(ledger.now):
        ledger.propose(case, me, verdict, why=why, rules=rules, seen=seen)
    else:  # taken and proposed together, or neither: what is refused leaves no claim behind
        said = {"verdict": verdict, "rules": list(rules), "why": why}
        until = {"until": add_time(ledger.now, hours=1)}
        ledger.record(LedgerAction("claimed", case, me, until), LedgerAction("proposed", case, me, said))
    return "proposed"


def _withdraw(visit: Visit, case: str) -> str:
    visit.ledger.withdraw(case, visit.me, seen=_seen(visit))
    return "withdrawn"


def _confirm(visit: Visit, case: str) -> str:
    visit.ledger.confirm(case, visit.me, why=visit.said("why"))
    return "confirmed"


def _reopen(visit: Visit, case: str) -> str:
    visit.ledger.reopen(case, visit.me, why=visit.said("why"))
    return "reopened"


def _appeal(visit: Visit, case: str) -> str:
    visit.ledger.appeal(case, visit.me, why=visit.said("why"))
    return "appealed"


def _decide_appeal(visit: Visit, case: str) -> str:
    _same(visit, visit.ledger.state(case), _seen(visit))
    visit.ledger.decide_appeal(case, visit.me, visit.said("outcome"), why=visit.said("why"))
    return "appeal-decided"


def _report(visit: Visit, case: str) -> str:
    visit.ledger.report(case, visit.me, visit.said("outcome"), why=visit.said("why"))
    return "reported"


def _notify(visit: Visit, case: str) -> str:
    visit.ledger.notify(case, visit.me)
    return "notified"


ACTS: Mapping[str, Callable[[Visit, str], str]] = MappingProxyType(
    {
        "claim": _claim,
        "release": _release,
        "decide": _opine,
        "withdraw": _withdraw,
        "confirm": _confirm,
        "reopen": _reopen,
        "appeal": _appeal,
        "decide-appeal": _decide_appeal,
        "report": _report,
        "notify": _notify,
    }
)
DONE: Mapping[str, str] = MappingProxyType(
    {
        "claimed": "The case is yours for four hours.",
        "released": "You let go of the case. Nothing was decided.",
        "proposed": "Your proposal is recorded. Someone else now gives a second opinion without seeing yours. "
        "Until then you can take it back.",
        "disputed": "Your opinion is recorded. It differs from the first one: a third person decides between them. "
        "Until then you can take it back.",
        "decided": "Recorded: two people agree, and it is decided.",
        "interim": "Recorded: it is de-indexed for 72 hours at most. Two people must decide before that ends.",
        "withdrawn": "Taken back. That you did is in the record; nothing was decided.",
        "confirmed": "It is recorded that a match was confirmed.",
        "reopened": "A new round has begun. What was decided stands until something else is.",
        "appealed": "The appeal is recorded. Someone who took no part in the case decides it.",
        "appeal-decided": "The appeal is decided.",
        "reported": "Recorded.",
        "notified": "Recorded that the owner was told.",
        "passed": "You passed. Nobody is told, and nothing was recorded.",
        "back": "The case is back among yours.",
        "chosen": "Kept. Only you see these choices.",
        "rested": "Welcome back.",
        "none": "There is no other case for you to take up.",
    }
)


def _seen(visit: Visit) -> int:
    """The last event of the case as the form's page showed it."""
    text = visit.said("seen")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def _same(visit: Visit, state: CaseState, seen: int) -> None:
    if seen >= 0 and state.last_event != seen:
        raise Changed(
            "This case has changed since you looked at it: in another tab, or by someone else. Nothing of yours was "
            "recorded. Look again, then send what you wrote below once more if it still holds."
        )


def _review_by(visit: Visit) -> str:
    days = visit.said("review_days")
    return add_time(visit.ledger.now, days=min(int(days), REVIEW_DAYS)) if days.isascii() and days.isdigit() else ""
