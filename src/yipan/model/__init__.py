"""The nouns: frozen, checked at birth, standard library only. The one import path for them is `yipan.model`."""
