/* The address under which pages of other sites load the component; what it is made of lies in chat/. */
import "./chat/citewell-chat.js";
