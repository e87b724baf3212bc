from hypothesis import HealthCheck, settings

# How long an example takes is the machine's: one that is preempted is no fault. What CI has besides stays as it is.
settings.register_profile("noisy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("noisy")
