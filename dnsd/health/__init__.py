"""Active health checks of endpoints whose service asks for them: probe shares judgement checks."""
