// needs: subprogram word kread
// layout: OFF_address_space__i_pages = offset "struct address_space" i_pages
// layout: OFF_xarray__xa_head = offset "struct xarray" xa_head
// layout: OFF_xa_node__shift = offset "struct xa_node" shift
// layout: OFF_xa_node__slots = offset "struct xa_node" slots
// layout?: OFF_folio__index = offset "struct folio" index
// layout?: OFF_folio__mapping = offset "struct folio" mapping
// layout?: OFF_folio__flags = offset "struct folio" flags
// layout: SIZE_page = size "struct page"
/*
 * The page cache's page (struct page) of a file at an index, 0 where there is none, or none that was read yet.
 *
 * They stand in an xarray (include/linux/xarray.h): a pointer to a node has its low bits 10, a slot of a node may be
 * the number of another one that holds the same. Folios came with Linux 5.16: before that, no page is found.
 */
DT_SUBPROGRAM(dt_cached, mapping, index, c, d)
{
#ifdef OFF_folio__index
	u64 entry = dt_kread(mapping + OFF_address_space__i_pages + OFF_xarray__xa_head), node, place;

	for (u64 level = 0; level < 8; level++) {
		DT_HIDE(level);
		if ((entry & 3) != 2 || entry <= 4096)
			break;
		node = entry - 2;
		place = index >> (dt_kread(node + OFF_xa_node__shift) & 63);
		if (!level && place > 63)
			return 0;
		entry = dt_kread(node + OFF_xa_node__slots + 8 * (place & 63));
		if ((entry & 3) == 2 && entry < 256)
			entry = dt_kread(node + OFF_xa_node__slots + 8 * (entry >> 2));
	}
	/* Bit 3 of a folio's flags: what it holds is up to date (enum pageflags). */
	if (!entry || entry & 3 || dt_kread(entry + OFF_folio__mapping) != mapping || !(dt_kread(entry + OFF_folio__flags) & 8))
		return 0;
	return entry + (index - dt_kread(entry + OFF_folio__index)) * SIZE_page;
#else
	return 0;
#endif
}
