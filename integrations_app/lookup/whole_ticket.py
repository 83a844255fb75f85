"""A ticket: where each piece of its evidence leads, and whether all of it leads to one customer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from integrations_app.lookup.find import ahead, find_each
from integrations_app.lookup.hits import ROW, Finding, Hit, merged
from integrations_app.stigg import Customer
from integrations_app.upstream.environments import Environment
from integrations_app.upstream.problems import Problem


@dataclass(frozen=True, slots=True)
class Joined:
    """What came of a ticket: a finding for each piece of evidence, strongest evidence first."""

    findings: tuple[Finding, ...]

    @property
    def hits(self) -> tuple[Hit, ...]:
        """Each customer once, with the words that led there: whoever has the strongest first."""
        led: dict[tuple[str, str], list[Hit]] = {}
        for finding in self.findings:
            for hit in _leads(finding):
                words = replace(hit, led_by=(finding.text,))
                led.setdefault((hit.environment.name, hit.customer_id), []).append(words)
        return tuple(
            replace(merged(hits)[0], led_by=tuple(word for hit in hits for word in hit.led_by))
            for hits in led.values()
        )

    @property
    def nowhere(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if not finding.hits)

    @property
    def problem(self) -> Problem | None:
        """Why some of it could not be looked up."""
        return next((finding.problem for finding in self.findings if finding.problem), None)

    @property
    def missed(self) -> list[str]:
        """What other environments are asked for."""
        return [each.text for each in self.nowhere if not each.problem]

    @property
    def certain(self) -> Hit | None:
        """The one customer that all evidence leads to: an id, an address or an e-mail there alone,
        a name or a domain maybe to others beside. Nothing may lead nowhere, and no call may be
        missing.
        """
        if any(each.problem or each.left_out for each in self.findings):
            return None
        ids = [{_key(hit) for hit in _leads(each)} for each in self.findings]
        strong = [found for found, each in zip(ids, self.findings, strict=True) if _is_strong(each)]
        one = set[tuple[str, str]]().union(*(strong or ids))
        if len(one) != 1 or not all(one <= found for found in ids):
            return None
        return next(hit for hit in self.hits if _key(hit) in one)


def join(
    environment: Environment,
    terms: Sequence[str],
    own_hosts: Collection[str] = (),
    possible_ids: Sequence[str] = (),
) -> Joined:
    """What leads nowhere is compared with the records of the customer that all the rest leads to,
    which knows all of its ids: one call, which the customer's page shares.
    """
    found = find_each(environment, terms, own_hosts, possible_ids=possible_ids, opens=True)
    joined = Joined(found)
    strong = {_key(hit) for each in joined.findings if _is_strong(each) for hit in _leads(each)}
    missed = [each for each in joined.nowhere if any(guess.shape for guess in each.guesses)]
    if len(strong) != 1 or not missed:
        return joined
    hit = next(hit for hit in joined.hits if _key(hit) in strong)
    ahead(hit.environment, hit.customer_id)
    answers = hit.environment.visit().gather(customer=lambda it: it.get_customer(hit.customer_id))
    answer = answers["customer"]
    records = answer.record_ids if isinstance(answer, Customer) else ()
    return Joined(tuple(_by_record(each, hit, records) for each in joined.findings))


def _by_record(finding: Finding, hit: Hit, records: Collection[str]) -> Finding:
    """What led nowhere leads to the customer who has the record that it is about."""
    ids = (guess for guess in finding.guesses if guess.shape)
    record = next((guess.value for guess in ids if set(guess.spellings) & set(records)), "")
    if finding.hits or not record:
        return finding
    return replace(finding, hits=(replace(hit, why=(ROW,), record=record),), problem=None)


def _leads(finding: Finding) -> tuple[Hit, ...]:
    return (finding.certain,) if finding.certain else finding.hits


def _is_strong(finding: Finding) -> bool:
    return any(hit.is_exact for hit in finding.hits[:1])


def _key(hit: Hit) -> tuple[str, str]:
    return hit.environment.name, hit.customer_id
