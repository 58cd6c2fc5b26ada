"""The only importers of the vendor libraries; typed on our side, vendor errors translated."""
