import models  # noqa: F401 -- its settings of the environment must come before NumPy
