"""Management of memberof.django."""
