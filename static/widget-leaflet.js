// In a widget's frame, after Leaflet: a marker that is drawn here, as no picture is loaded.

(() => {
  const picture =
    '<svg xmlns="http://www.w3.org/2000/svg" width="25" height="41" viewBox="0 0 25 41">' +
    '<path d="M12.5 1C6 1 1 6 1 12.4c0 9 11.5 27.6 11.5 27.6S24 21.4 24 12.4C24 6 19 1 12.5 1z" ' +
    'fill="#2a6ebb" stroke="#17407a"/><circle cx="12.5" cy="12.5" r="4.5" fill="#fff"/></svg>';
  const url = `data:image/svg+xml,${encodeURIComponent(picture)}`;
  delete L.Icon.Default.prototype._getIconUrl;
  L.Icon.Default.mergeOptions({
    iconUrl: url,
    iconRetinaUrl: url,
    shadowUrl: "",
    shadowRetinaUrl: "",
  });
})();
