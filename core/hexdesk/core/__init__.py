"""hexdesk's core: the nouns, verbs, ports and policies of a support desk."""
