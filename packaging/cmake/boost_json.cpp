// Boost.JSON's implementation, where there is no library of it to link (Windows).
#include <boost/json/src.hpp>
