// The sample page of the settings: the widget as it will look, which sends
// nothing. Settings come from the window around it.
const settings = new URLSearchParams(location.hash.slice(1)).get("settings");
const given = { ...(JSON.parse(settings || "{}") as object), preview: true };

const begin = () => void window.Hypercare.init(given as never).then(() => window.Hypercare.open());
if (document.readyState === "complete") begin();
else addEventListener("load", begin);
