"""Words that say nothing of what a text is about, in Turkish, English and German: short lists of our own."""

from __future__ import annotations

TURKISH = """
acaba ama ancak artık aslında ayrıca bana bazı belki ben benden beni benim bile bir biraz biri birkaç birşey biz bize
bizi bizim böyle bu buna bunda bundan bunu bunun burada bütün çok çünkü daha dahi defa değil diye dolayı en fakat
falan gerçekten gibi göre hala hangi hatta hem henüz hep hepsi her hiç için ile ilgili ise işte kadar karşı kendi kere
keşke kez kim ki lütfen madem mi mı mu mü nasıl neden nerede ne neyse niçin niye olan olarak oldu oldukça olduğu
olduğunu olmadı olması olur olsun ona ondan onlar onu onun orada oysa öyle pek rağmen sadece sanki sen siz size sizi
sizin sonra sonunda şey şeyi şimdi şöyle şu şuna şunu tabii tam tamamen tekrar tüm var ve veya vardı yani yok yoktu
yine yoksa zaten ederim ettim etti yaptı edildi oluyor olmuş oldum bunlar şunlar itibaren arasında üzerine önce
"""
ENGLISH = """
about after again all also although always and another any are aren because been before being both but can cannot
could couldn did didn does doesn doing don down during each either else ever every few for from had hadn has hasn have
haven having her here hers him his how however into isn its itself just like made make many may maybe might mine more
most much must myself neither nor not now off once one only onto other our ours out over own please quite rather
really said same she should shouldn since some someone something still such than that the their theirs them then there
these they thing things this those though through thus too under until upon very was wasn were weren what when where
whether which while who whom whose why will with within without won would wouldn yes yet you your yours
"""
GERMAN = """
aber alle allem allen aller alles als also andere anderen auch auf aus bei beim bereits bin bis bist bitte dabei
dadurch dafür daher damit danach dann daran darauf daraus darin das dass davon dazu dein deine dem den denn der deren
des deshalb dessen die dies diese diesem diesen dieser dieses doch dort durch ein eine einem einen einer eines einfach
einmal etwas euch euer für gar gegen gewesen habe haben hat hatte hatten hätte hier hinter ich ihm ihn ihnen ihr ihre
ihrem ihren ihrer immer ist jede jedem jeden jeder jedes jedoch jetzt kann kein keine keinen keiner können könnte
leider machen mal man manche mehr mein meine meinem meinen meiner mich mir mit müssen nach nachdem nämlich nicht
nichts noch nun nur oben oder ohne sehr seid sein seine seinem seinen seiner seit selbst sich sie sind sogar soll
sollte sondern sonst soweit über überhaupt ueber fuer und uns unser unsere unter viel vom von vor wann war waren warum
was weder weil weiter welche welcher wenn wer werde werden wie wieder will wir wird wirklich wo wobei wurde wurden
würde zum zur zwar zwischen
"""
