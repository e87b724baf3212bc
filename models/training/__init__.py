"""How the practice model is made: sentences, synthetic speech, features, network, loss, training, export, evaluation.

Nothing of the program imports this package; what it needs beyond the program is in requirements.txt beside it.
"""
