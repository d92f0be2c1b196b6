"""Who asks, and what they may do: people, their groups and roles, how they are known again."""
