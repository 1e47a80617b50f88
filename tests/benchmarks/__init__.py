"""What hexdesk costs, measured beside an agent that has nothing around it."""
