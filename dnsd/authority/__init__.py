"""What dnsd is authoritative for: services turned into RRsets, RRsets into ready bytes, zones and their table. Pure."""
