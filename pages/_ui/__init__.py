"""What the pages share of Streamlit: choices, caches, widgets, panels, progress."""
