"""Every command with its flags."""

from dnsd.cli import grammar, main


def test_all_commands_with_help_for_every_flag():
    commands = grammar.commands()
    assert set(commands) == set(main.COMMANDS)
    assert "--weight" in commands["edit"].flags
    for name, command in commands.items():
        assert command.help == main.COMMANDS[name].help
        assert all(command.flags.values()), f"{name}: a flag without help"
