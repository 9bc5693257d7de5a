"""The demonstration: station, gateway, broker and bridge on one computer, and a live panel."""
