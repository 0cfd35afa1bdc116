"""The processes that are traced: started and held, what they have mapped, the names and probes of their code."""
