"""What people read: pages, links, handovers, and the sentences of decisions. French and English."""
