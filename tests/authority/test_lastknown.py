"""``when_empty: last_known``: at most ten minutes, and never what was deleted or drained."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dnsd.authority.inventory import Inventory
from dnsd.authority.lastknown import KEPT_SECONDS, LastKnown
from dnsd.model.change import Change, Removal, RemovalCause
from dnsd.model.service import Endpoint, Service

MakeEndpoint = Callable[..., Endpoint]
WEB = Service("default", "web", when_empty="last_known", generation=1)


class Story:
    """Changes in a row, and who is published after each."""

    def __init__(self, *values: Service | Endpoint) -> None:
        self.inventory, self.last_known, self.now = Inventory(), LastKnown(), 0.0
        self.change(*values)

    def change(self, *puts: Service | Endpoint, removals: tuple[Removal, ...] = ()) -> str:
        change = Change(1, puts, removals)
        self.last_known.note(change, self.inventory, self.now)
        self.inventory.apply(change)
        return self.published()

    def remove(self, *ids: str, cause: RemovalCause = "expired") -> str:
        return self.change(removals=tuple(Removal(("default", "web", each), cause) for each in ids))

    def reload(self, *values: Service | Endpoint) -> str:
        after = Inventory()
        for value in values:
            after.put(value)
        self.last_known.reload(self.inventory, after)
        self.inventory = after
        return self.published()

    def published(self) -> str:
        service = self.inventory.service(WEB.key)
        if service is None:
            return "-"
        current = self.inventory.holdings[WEB.key].endpoints
        given = self.last_known.endpoints(service, current)
        return "".join(sorted(each.id for each in given if each.ready))


@pytest.fixture
def story(make_endpoint: MakeEndpoint) -> Story:
    return Story(WEB, make_endpoint("a", "10.0.0.1"), make_endpoint("b", "10.0.0.2"))


def test_what_expired_last_is_still_given(story: Story) -> None:
    assert story.published() == "ab"
    assert story.remove("a") == "b"
    assert story.remove("b") == "b"


def test_all_that_expired_at_once_is_given(story: Story) -> None:
    assert story.remove("a", "b") == "ab"


def test_what_turned_unready_is_given(story: Story, make_endpoint: MakeEndpoint) -> None:
    assert story.change(make_endpoint("a", "10.0.0.1", ready=False)) == "b"
    assert story.change(make_endpoint("b", "10.0.0.2", ready=False)) == "b"


def test_what_was_deleted_is_never_given(story: Story) -> None:
    assert story.remove("a", "b", cause="deleted") == ""


@pytest.mark.parametrize("withdrawn", [{"draining": True}, {"weight": 0}, {"draining": True, "ready": False}])
def test_what_was_taken_out_on_purpose_is_never_given(
    story: Story, make_endpoint: MakeEndpoint, withdrawn: dict[str, Any]
) -> None:
    story.remove("b", cause="deleted")
    story.change(make_endpoint("a", "10.0.0.1", **withdrawn))
    assert story.remove("a") == ""


def test_who_was_kept_and_then_drained_is_given_no_longer(story: Story, make_endpoint: MakeEndpoint) -> None:
    story.change(make_endpoint("a", "10.0.0.1", ready=False), make_endpoint("b", "10.0.0.2", ready=False))
    assert story.published() == "ab"
    assert story.change(make_endpoint("a", "10.0.0.1", ready=False, draining=True)) == "b"
    assert story.remove("b", cause="deleted") == ""


def test_who_comes_back_is_given_as_it_is_now(story: Story, make_endpoint: MakeEndpoint) -> None:
    story.remove("a", "b")
    assert story.change(make_endpoint("c", "10.0.0.3")) == "c"


def test_it_ends_after_ten_minutes(story: Story, make_endpoint: MakeEndpoint) -> None:
    story.now = 100.0
    story.remove("a", "b")
    story.now = 300.0
    story.change(make_endpoint("c", "10.0.0.3", ready=False))
    assert story.last_known.expire(100.0 + KEPT_SECONDS - 1) == []
    assert story.published() == "ab"
    assert story.last_known.expire(100.0 + KEPT_SECONDS) == [WEB.key]
    assert story.published() == ""


def test_a_service_of_another_mind_keeps_nothing(make_endpoint: MakeEndpoint) -> None:
    story = Story(replace(WEB, when_empty="nodata"), make_endpoint("a", "10.0.0.1"))
    assert story.remove("a") == ""


def test_a_service_that_changed_its_mind_forgets(story: Story) -> None:
    story.remove("a", "b")
    assert story.change(replace(WEB, when_empty="nodata")) == ""
    assert story.change(WEB) == ""


def test_a_deleted_service_takes_it_along(story: Story) -> None:
    # It expired, then the service was deleted on purpose: declared again, it is a new one.
    story.remove("a", "b")
    assert story.change(removals=(Removal(WEB.key, "deleted"),)) == "-"
    assert story.change(WEB) == ""


def test_a_service_deleted_and_declared_again_at_once_forgets(story: Story) -> None:
    story.remove("a", "b")
    assert story.change(WEB, removals=(Removal(WEB.key, "deleted"),)) == ""


def test_endpoints_of_no_service_are_not_kept(make_endpoint: MakeEndpoint) -> None:
    story = Story(make_endpoint("a", "10.0.0.1"))
    assert story.remove("a") == "-"
    assert story.change(WEB) == ""


def test_what_went_unseen_is_not_kept(story: Story, make_endpoint: MakeEndpoint) -> None:
    # A replica that missed changes cannot know whether "a" expired or was deleted: never what was deleted.
    story.change(make_endpoint("a", "10.0.0.1", weight=5))
    assert story.reload(WEB) == ""


def test_what_had_gone_before_a_reload_stays_kept(story: Story) -> None:
    story.remove("a", "b")
    assert story.reload(WEB) == "ab"
    assert story.reload(WEB) == "ab"


def test_what_is_there_after_a_reload_stays_kept(story: Story, make_endpoint: MakeEndpoint) -> None:
    unready = [make_endpoint(each, "10.0.0.1", ready=False) for each in "ab"]
    story.change(*unready)
    assert story.reload(WEB, *unready) == "ab"
    assert story.reload(WEB, unready[0], replace(unready[1], draining=True)) == "a"
    assert story.reload(WEB, replace(unready[0], weight=0)) == ""


@pytest.mark.parametrize("service", [None, replace(WEB, generation=2)])
def test_another_service_of_that_name_knows_nothing(story: Story, service: Service | None) -> None:
    story.remove("a", "b")
    assert story.reload(*([service] if service else [])) == ("" if service else "-")
    assert story.reload(WEB) == ""


def test_the_draining_ones_at_the_end_do_not_push_out_what_expired(story: Story, make_endpoint: MakeEndpoint) -> None:
    story.change(make_endpoint("b", "10.0.0.2", draining=True))
    assert story.remove("a") == "b"
    assert story.remove("b") == "a"
