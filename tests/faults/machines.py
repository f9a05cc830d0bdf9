"""How a state machine of hypothesis is driven against a real store."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from servers import Server


def assert_holds(
    machine: type[RuleBasedStateMachine], server: Server, examples: int, steps: int, is_drawn: bool
) -> None:
    """The same examples each time, unless ``is_drawn``."""
    given = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=not is_drawn,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(type("Driven", (machine,), {"server": server}), settings=given)
