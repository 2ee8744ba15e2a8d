"""Put the person into the world: size, distance and its error, up, floor and foot contacts. Arrays in, arrays out."""

from pose3d.predict.place.place import Placed, PlaceOptions, place

__all__ = ["PlaceOptions", "Placed", "place"]
