"""The mind: perceive, ask, reflect, dream and introspect over a journal, with any model or with none.

Without a model everything is computed: :mod:`.local` proposes from the text alone and :mod:`.computed`
answers from the journal's own columns and words. A model, where one is set up, adds to that and never
takes its place: what is computed is always there.
"""
