"""What the weather forbids: alerts of the National Weather Service by county, read from a feed file.

``take_in`` reads a feed (the JSON of api.weather.gov or a plain CSV), ``weather_for`` says what is in force where a
city lies and how old that knowledge is. Whether anything follows from it is for the rules to say; a feed that was
never read, or long ago, is told as such, so that they can protect.
"""

from .feed import FeedError
from .keeping import Taken, WeatherNow, follow_file, take_in, weather_for

__all__ = ["FeedError", "Taken", "WeatherNow", "follow_file", "take_in", "weather_for"]
